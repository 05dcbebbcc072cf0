// The page of the plain ways, as the guides have it.
const parameters = new URLSearchParams(location.search);
const file = parameters.get('file');
const section = document.querySelector('section');
const button = document.querySelector('button');

const say = (state) => {
  section.dataset.state = state;
};

let size = 0;

const ways = {
  async background(registration) {
    await registration.backgroundFetch.fetch('model', [file], { title: 'Model', downloadTotal: size });
    navigator.serviceWorker.onmessage = ({ data }) => say(data);
  },
  async fetch() {
    const cache = await caches.open('plain');
    await cache.put(file, await fetch(file));
    say('ready');
  },
};

button.onclick = async () => {
  say('fetching');
  try {
    await ways[parameters.get('engine')](await navigator.serviceWorker.ready);
  } catch (error) {
    say(`failed: ${error}`);
  }
};

begin();

async function begin() {
  await navigator.serviceWorker.register('plain-worker.js');
  await navigator.serviceWorker.ready;
  size = Number((await fetch(file, { method: 'HEAD' })).headers.get('content-length'));
  button.disabled = false;
  say('absent');
}

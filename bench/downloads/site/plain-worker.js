// The worker of the plain way: puts what was fetched into the cache, and tells the pages.
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('backgroundfetchsuccess', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open('plain');
      const records = await event.registration.matchAll();
      await Promise.all(records.map(async (record) => cache.put(record.request, await record.responseReady)));
      await tell('ready');
    })(),
  );
});

addEventListener('backgroundfetchfail', (event) => {
  event.waitUntil(tell(`failed: ${event.registration.failureReason}`));
});

async function tell(state) {
  for (const client of await clients.matchAll({ includeUncontrolled: true })) client.postMessage(state);
}

// The pages as an application of the device, by what the browser itself says of it.
import { expect, test } from '../harness/test.ts';

test('the browser finds everything that it wants for installing', async ({ server, device }) => {
  const page = await device.newPage();
  await page.goto(server.url);
  await page.evaluate(() => navigator.serviceWorker.ready);
  const session = await page.context().newCDPSession(page);
  const { errors, data } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  expect(installabilityErrors).toEqual([]);
  const manifest = JSON.parse(data!) as {
    name: string;
    display: string;
    icons: Picture[];
    screenshots: (Picture & { form_factor: string })[];
  };
  expect(manifest).toMatchObject({ name: 'Modelferry', display: 'standalone' });
  expect(manifest.screenshots.map((picture) => picture.form_factor)).toEqual(['wide', 'narrow']);
  for (const picture of [...manifest.icons, ...manifest.screenshots]) {
    const size = await page.evaluate(async (src) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, picture.src);
    if (picture.sizes !== 'any') expect(size, picture.src).toBe(picture.sizes);
  }
  expect(manifest.icons.filter((icon) => icon.purpose === 'maskable').length).toBeGreaterThan(0);
});

interface Picture {
  src: string;
  sizes: string;
  purpose?: string;
}

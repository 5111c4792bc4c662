// Every tab opens, at both sizes, with nothing to complain of.

import assert from 'node:assert/strict';
import { atBothSizes, dashboard, open, store } from '../harness.mjs';

for (const [tab, words] of Object.entries({
  dashboard: ['Points Status', 'Total points issued', 'Points Sources', 'Top Earning Customers', 'Points History'],
  customers: ['Customers', 'shop.example'],
  settings: ['Points', 'Save'],
  status: ['Daemon'],
})) {
  atBothSizes(`${tab} opens`, async (t, size) => {
    const page = await open(t, dashboard(tab === 'dashboard' ? '' : tab), { user: store.manager, size });
    const text = await page.locator('#wpbody-content').innerText();
    for (const word of words) {
      assert.match(text, new RegExp(word, 'i'), `${word} is not on ${tab}`);
    }
    await page.picture(tab);
    await page.accessible('#wpbody-content');
    await page.fits();
  });
}

atBothSizes('one customer opens', async (t, size) => {
  const page = await open(t, dashboard('customers', `&user=${store.shopper}`), { user: store.manager, size });
  assert.match(await page.words(), /Ada Shopper.*5,000/);
  await page.picture('customer');
  await page.accessible('#wpbody-content');
  await page.fits();
});

atBothSizes('names that are attacks show as text', async (t, size) => {
  for (const who of ['script', 'emoji', 'long']) {
    const page = await open(t, dashboard('customers', `&user=${store[who]}`), { user: store.manager, size });
    const text = await page.words();
    assert.match(text, { script: /<script>alert\(1\)<\/script>"'><img src=x onerror=alert\(2\)>/, emoji: /🦊 فروشگاه/, long: /Wolfeschlegel/ }[who]);
    await page.picture(`customer-${who}`);
    await page.fits();
    await page.goTo(dashboard('', '&period=all_time'));
    await page.fits();
    await page.goTo(dashboard('customers'));
    await page.fits();
  }
});

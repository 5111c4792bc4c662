// A site that is written from right to left.

import assert from 'node:assert/strict';
import { atBothSizes, dashboard, open, store } from '../harness.mjs';

for (const tab of ['', 'customers', 'settings', 'status']) {
  atBothSizes(`${tab || 'dashboard'} from right to left`, async (t, size) => {
    const page = await open(t, dashboard(tab), { user: store.manager, size });
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), 'rtl');
    await page.picture(tab || 'dashboard');
    await page.fits();
  });
}

atBothSizes('My Account from right to left', async (t, size) => {
  const page = await open(t, '/my-account/loyalty-points/', { user: store.shopper, size });
  await page.picture('account');
  await page.fits();
});

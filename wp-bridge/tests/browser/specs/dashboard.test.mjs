// Periods, filters, sorting, paging and downloads of the dashboard.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { atBothSizes, dashboard, open, store } from '../harness.mjs';

test('one period for all four, kept in the address', async t => {
  const page = await open(t, dashboard(), { user: store.manager });
  await page.getByLabel('Period').selectOption('all_time');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.waitForURL(/period=all_time/);
  const before = await page.words();
  await page.reload();
  assert.equal((await page.words()).slice(0, 200), before.slice(0, 200));
  assert.match(before, /Purchasing products/);
});

atBothSizes('a range of one\'s own', async (t, size) => {
  const page = await open(t, dashboard('', '&period=custom&from=2020-01-01&to=2030-12-31'), { user: store.manager, size });
  assert.match(await page.words(), /2020.*2030/);
  await page.getByText(/^[\d,]+ customers had entries in this period/).waitFor();
  const earners = page.locator('section[aria-labelledby="loyaltyd-earners"] tbody tr');
  assert.match(await earners.first().innerText(), /Ada Shopper\s+[\d,]+\s+[\d,]+/);
  assert.match(await page.locator('td[data-customers="purchase"]').innerText(), /^[1-9][\d,]*$/);
  assert.doesNotMatch(await page.words(), /Counting/);
  await page.fits();
  await page.accessible('#wpbody-content');
  for (const nonsense of ['&period=custom&from=2026-13-45&to=x', '&period=<script>', '&period=custom&from=2026-02-02&to=2026-01-01', '&paged=-3&orderby=1;drop&order=x', '&period[]=a&from[]=b']) {
    const answer = await page.goTo(dashboard('', nonsense));
    assert.equal(answer.status(), 200, nonsense);
    assert.match(await page.words(), /Points Status/, nonsense);
  }
});

test('the history is filtered, sorted and paged', async t => {
  const page = await open(t, dashboard('', '&period=all_time'), { user: store.manager });
  const rows = page.locator('#wpbody-content table.wp-list-table tbody tr');
  const first = await rows.first().innerText();
  await page.locator('th a', { hasText: 'Points' }).first().click();
  await page.waitForURL(/orderby=points/);
  assert.notEqual(await rows.first().innerText(), first);
  await page.goTo(dashboard('', '&period=all_time&type=revoke'));
  for (const text of await rows.allInnerTexts()) {
    assert.match(text, /[-−]\d/);
  }
  await page.goTo(dashboard('', '&period=all_time&paged=2'));
  assert.notEqual(await rows.first().innerText(), first);
});

test('each card downloads as CSV', async t => {
  const page = await open(t, dashboard('', '&period=all_time'), { user: store.manager });
  const links = page.locator('#wpbody-content').getByRole('link', { name: /^CSV/ });
  const names = new Set();
  assert.equal(await links.count(), 4);
  for (const link of await links.all()) {
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    names.add(download.suggestedFilename());
    const text = readFileSync(await download.path(), 'utf8');
    assert.equal(text.charCodeAt(0), 0xfeff, 'no byte order mark');
    assert.ok(text.split('\n').length > 2, text);
    for (const line of text.slice(1).split('\n')) {
      assert.doesNotMatch(line, /(^|,)"?[=+@]/, 'a formula');
    }
  }
  assert.equal(names.size, 4, [...names].join());
});

test('customers of a range: what cannot be counted is said, and can be tried again', async t => {
  const page = await open(t, dashboard(), { user: store.manager });
  page.expect(/reports(\/|%2F)customers|503/);
  await page.route(/reports(\/|%2F)customers/, route => route.fulfill({ status: 503, contentType: 'application/json', body: '{"code":"x","message":"busy"}' }));
  await page.goTo(dashboard('', '&period=custom&from=2020-01-01&to=2030-12-30'));
  await page.getByText('The customers could not be counted.').waitFor();
  await page.getByRole('link', { name: 'Count the customers of this range' }).click();
  await page.waitForURL(/count=1/);
  assert.match(await page.words(), /\d customers had entries in this period.*Top Earning Customers.*Ada Shopper/);
});

test('without scripts the customers of a range are counted on request', async t => {
  const page = await open(t, dashboard('', '&period=custom&from=2020-01-01&to=2030-12-29'), { user: store.manager, javaScript: false });
  await page.getByRole('link', { name: 'Count the customers of this range' }).click();
  await page.waitForURL(/count=1/);
  const words = (await page.locator('#wpbody-content').innerText()).replace(/\s+/g, ' ');
  assert.match(words, /\d customers had entries in this period.*Top Earning Customers.*Ada Shopper/);
});

test('the page makes at most ten queries of its own', async t => {
  // Counted by the Go test in what the site wrote down of these requests.
  const range = '&period=custom&from=2020-01-01&to=2030-12-31';
  const variants = ['&period=all_time&counted=1', '&period=all_time&type=redeem&counted=2', `${range}&counted=3`, `${range}&s=ada&counted=4`, `${range}&count=1&counted=5`];
  const page = await open(t, dashboard(), { user: store.manager, javaScript: false });
  for (const variant of variants) {
    await page.goTo(dashboard('', variant));
    assert.match(await page.locator('#wpbody-content').innerText(), /Points Status/, variant);
  }
});

test('the chart is a table for those who do not see it', async t => {
  const page = await open(t, dashboard(), { user: store.manager });
  await page.getByText('The same as a table').click();
  assert.ok(await page.locator('details[open] table tbody tr').count() > 0);
});

test('without scripts the page says as much', async t => {
  const page = await open(t, dashboard('', '&period=all_time'), { user: store.manager, javaScript: false });
  assert.match(await page.locator('#wpbody-content').innerText(), /Points Status[\s\S]*Ada Shopper/);
});

test('the keyboard reaches every tab', async t => {
  const page = await open(t, dashboard(), { user: store.manager });
  await page.locator('.nav-tab').first().focus();
  for (const tab of await page.locator('.nav-tab').allInnerTexts()) {
    assert.match(await page.focused(), new RegExp(tab.trim()));
    await page.keyboard.press('Tab');
  }
});

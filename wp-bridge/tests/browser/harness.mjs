// A browser for the specs. Every page is watched: errors on the console,
// failed requests and answers with an error status fail the test that opened
// it, unless the test said that it expects them. (PHP's notices are read from
// the site's log by the Go test that runs all this.)

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';

const settings = name => {
  const value = process.env[`LOYALTYD_${name}`];
  assert.ok(value, `LOYALTYD_${name} is not set: go test ./wp-bridge/tests -run Browser runs these`);
  return value;
};

/** The site's address, without a slash at its end. */
export const site = settings('WP_URL');
const key = settings('WP_KEY');
/** What the Go test put into the store: user ids by name and so on. */
export const store = JSON.parse(settings('WP_STORE'));
const version = settings('WP_VERSION').split('.').slice(0, 2).join('.');
export const locale = process.env.LOYALTYD_WP_LOCALE || 'en_US';

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };
export const sizes = { desktop, phone };

const screenshots = new URL('./screenshots/', import.meta.url).pathname;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
after(async () => {
  await browser?.close();
});

async function launch() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  return browser;
}

/**
 * Opens a path of the site as a user (an id; 0 or nothing: nobody) and returns
 * playwright's page with a few methods more:
 * page.goTo(path), page.accessible(), page.screenshot(name), page.expect(...patterns).
 */
export async function open(t, path, { user = 0, size = desktop, javaScript = true } = {}) {
  const context = await (await launch()).newContext({ viewport: size, javaScriptEnabled: javaScript, acceptDownloads: true });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const problems = [];
  const expected = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type()) && !/JQMIGRATE/.test(message.text())) {
      problems.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', error => {
    // WordPress 7 asks for a transition between its pages, which the browser
    // gives up where the next page takes long.
    if (!/^Transition was (aborted|skipped)/.test(error.message)) {
      problems.push(`script: ${error.message}`);
    }
  });
  page.on('requestfailed', request => {
    const why = request.failure()?.errorText;
    // A page that is left stops what it was loading; a download is no page.
    if (why !== 'net::ERR_ABORTED') {
      problems.push(`request: ${request.url()}: ${why}`);
    }
  });
  page.on('response', response => {
    if (response.status() >= 400) {
      problems.push(`${response.status()}: ${response.request().method()} ${response.url()}`);
    }
  });
  // Only this site: a page that asks for anything else does not get it.
  await context.route(address => !address.href.startsWith(site) && !/^(data|blob|about):/.test(address.href), route => {
    problems.push(`another host: ${route.request().url()}`);
    return route.abort();
  });
  t.after(async () => {
    await context.close();
    const unexpected = problems.filter(problem => !expected.some(pattern => pattern.test(problem)));
    assert.deepEqual(unexpected, [], 'what the browser complained of');
  });

  const capture = page.screenshot.bind(page);
  return Object.assign(page, {
    site,
    /** Says which complaints are right. */
    expect: (...patterns) => expected.push(...patterns),
    /** Opens another path and returns playwright's answer. */
    goTo: where => page.goto(site + where),
    /** What the browser complained of so far. */
    problems: () => [...problems],
    /** Keeps a picture of the whole page. */
    picture: async name => {
      mkdirSync(screenshots, { recursive: true });
      const width = page.viewportSize().width;
      await capture({ path: `${screenshots}${name}-${version}-${locale}-${width}.png`, fullPage: true, animations: 'disabled' });
    },
    /** Fails on what axe finds within a part of the page. */
    accessible: async (part = 'body', without = []) => {
      await page.evaluate(axe);
      const found = await page.evaluate(([part, without]) => globalThis.axe.run({ include: [part], exclude: without }, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'],
      }), [part, without]);
      const told = found.violations.map(v => `${v.id}: ${v.help}\n` + v.nodes.slice(0, 5).map(n => `    ${n.html.slice(0, 200)}\n      ${n.failureSummary.replaceAll('\n', '\n      ')}`).join('\n'));
      assert.equal(told.length, 0, `axe found\n${told.join('\n')}`);
    },
    /** Fails when the page is wider than the window. */
    fits: async () => {
      const wide = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width + 1) {
          return [];
        }
        return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1)
          .slice(-5).map(e => e.outerHTML.slice(0, 160));
      });
      assert.deepEqual(wide, [], 'wider than the window');
    },
    /** The text of the page's main part, all of which has come. */
    words: async (part = '#wpbody-content, main') => {
      await page.waitForLoadState('domcontentloaded');
      return (await page.locator(part).first().innerText()).replace(/\s+/g, ' ');
    },
    /** The element that has the focus, as a short text. */
    focused: () => page.evaluate(() => {
      const e = document.activeElement;
      return `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''} ${(e.name || e.innerText || e.value || '').trim().slice(0, 40)}`;
    }),
    begin: async () => {
      const answer = await page.goto(`${site}/?testwp_user=${user}&testwp_key=${key}&testwp_to=${encodeURIComponent(path)}`);
      return answer;
    },
  }).begin().then(answer => {
    page.answer = answer;
    return page;
  });
}

/** A test at both sizes: name (desktop), name (phone). */
export function atBothSizes(name, run) {
  for (const [label, size] of Object.entries(sizes)) {
    test(`${name} (${label})`, t => run(t, size));
  }
}

/** Runs PHP in the site, through the small program that the Go test gives. */
export { evaluate } from './evaluate.mjs';

/** Asks again and again until `ask` gives something true, or fails after ms. */
export async function until(what, ask, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await ask();
    if (got) {
      return got;
    }
    assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** Loads the page again. A form's answer that arrives meanwhile does as well. */
export const again = page => page.reload().catch(error => assert.match(error.message, /ERR_ABORTED/));

export const dashboard = (tab = '', more = '') => `/wp-admin/admin.php?page=loyaltyd${tab ? `&tab=${tab}` : ''}${more}`;

// What every browser test needs: Chromium, a page that is watched, and a report of what was on it.
//
// Environment: DESSERTE_CHROMIUM (default /usr/bin/chromium), DESSERTE_WEB (address of a running
// page; without it the tests start the binaries), DESSERTE_BIN and DESSERTE_PROBE_BIN (the
// binaries), DESSERTE_SCREENSHOTS (a folder for pictures of every screen).

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const WIDTHS = { desk: { width: 1366, height: 768 }, phone: { width: 390, height: 844 } };

/** Characters of the page that a failure repeats. */
const SHOWN = 2_500;

export function launch() {
  return chromium.launch({
    executablePath: process.env.DESSERTE_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A page whose faults are collected: requests to another origin (which are stopped), refusals by
 * the content security policy, uncaught errors, errors on the console.
 */
export async function watched(browser, base, options = {}) {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const faults = [];
  const origin = new URL(base).origin;
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.origin === origin || url.protocol === 'blob:') return route.continue();
    faults.push(`request to another origin: ${url.href}`);
    return route.abort();
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    // A 404 of an optional layer is an answer, not a fault.
    if (message.type() === 'error' && !/status of 404/.test(message.text())) {
      faults.push(`console: ${message.text()}`);
    }
  });
  await page.addInitScript(() => {
    window.__csp = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.__csp.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  });
  return {
    page,
    context,
    async faults() {
      const csp = await page.evaluate(() => window.__csp ?? []).catch(() => []);
      return [...faults, ...csp.map((text) => `policy: ${text}`)];
    },
  };
}

/** Runs a step; when it fails, the error says what a person would have seen. */
export async function seen(page, what, step) {
  try {
    return await step();
  } catch (error) {
    const text = await page
      .locator('body')
      .innerText()
      .catch(() => '(no page)');
    throw new Error(
      `${what}: ${error.message}\n--- at ${page.url()} the page showed ---\n${text.slice(0, SHOWN)}`,
      { cause: error },
    );
  }
}

/** Waits until nothing says "loading" any more. */
export async function settled(page) {
  await page.waitForFunction(
    () =>
      document.querySelector('main') &&
      ![...document.querySelectorAll('main .loading')].some((item) => item.checkVisibility()),
    undefined,
    { timeout: 20_000 },
  );
}

export async function picture(page, name) {
  const folder = process.env.DESSERTE_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

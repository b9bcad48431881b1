// node page_test.mjs CHROMIUM PAGE [WANT...]: opens a report page from its file, looks at every
// screen in light and dark, and says what is wrong. WANT names what this page must hold:
//   evidence   every embedded record and the signature verify in the browser
//   changes    a baseline is compared with
//   large      more rows than a table takes: the canvas
//   within=MS  it is drawn within so many milliseconds
//   tampered   the page's first record was changed: it must say so
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { pathToFileURL } from 'node:url';

const [executablePath, file, ...wants] = process.argv.slice(2);
const url = pathToFileURL(file).href;
const faults = [];
const expect = (sound, words) => { if (!sound) faults.push(words); };
const browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });

async function open_page(colorScheme) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('request', (request) => expect(request.url().split('#')[0] === url, `a request left the page: ${request.url()}`));
  page.on('pageerror', (error) => faults.push(`error in the page: ${error.message}`));
  page.on('console', (said) => expect(said.type() !== 'error', `the console says: ${said.text()}`));
  return page;
}

async function go(page, place) {
  await page.evaluate((hash) => { location.hash = hash; }, place);
  const screen = place.replace(/^#\/?/, '').split('?')[0];
  await page.locator(`#screen-${screen} h1`).waitFor();
}

async function look_for_barriers(page, what) {
  const found = await page.evaluate(async () => {
    const report = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return report.violations.filter((violation) => ['serious', 'critical'].includes(violation.impact))
      .map((violation) => `${violation.id}: ${violation.nodes.length} nodes, first ${violation.nodes[0].html.slice(0, 160)} ${violation.nodes[0].failureSummary}`);
  });
  for (const words of found) faults.push(`${what}: ${words}`);
}

/** A page may not be able to send anything, whatever a script in it tries. */
async function try_to_leave(page) {
  const outcome = await page.evaluate(async () => {
    try {
      await fetch('http://127.0.0.1:9/');
      return 'sent';
    } catch {
      return document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.content ?? 'no policy';
    }
  });
  expect(outcome.includes("default-src 'none'"), `the policy lets requests out: ${outcome}`);
  expect(!outcome.includes('unsafe'), `the policy is not strict: ${outcome}`);
}

async function use_keys(page) {
  await go(page, '#/summary');
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await page.locator('#screen-matrix h1').waitFor();
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await keys.waitFor();
  await page.keyboard.press('Escape');
  await keys.waitFor({ state: 'detached' });
  const grid = page.locator('#screen-matrix table.grid');
  if (await grid.count() > 0) {
    await grid.locator('td[tabindex="0"]').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => [...document.activeElement.parentElement.querySelectorAll('td')].indexOf(document.activeElement) === 1);
    await page.keyboard.press('Enter');
    await page.locator('#screen-matrix .trail').waitFor();
  }
}

async function check_evidence(page) {
  await go(page, '#/evidence');
  await page.locator('#records-status .mark-wait').waitFor({ state: 'detached' });
  const records = await page.locator('#records-status').innerText();
  if (wants.includes('tampered')) {
    expect(records.includes('do NOT fit'), `a changed record is not noticed: ${records}`);
    return;
  }
  expect(await page.locator('#records-status .mark-good').count() === 1, `records: ${records}`);
  await page.locator('#signature .mark-wait').waitFor({ state: 'detached' });
  const signature = await page.locator('#signature [role=status]').innerText();
  expect(/signature is that of this key|has no Ed25519/.test(signature), `signature: ${signature}`);
  console.log(`evidence: ${records.trim()} ${signature.trim()}`);
  await page.locator('#signature input').fill('somebody+00000000+AZFtqgXcNcqxa66QmiaQMffFHBCqxzi5rLssQDgx4pZL');
  await page.getByText('This is no verifier key').waitFor();
}

try {
  const page = await open_page('light');
  const begun = Date.now();
  await page.goto(url);
  await page.locator('#screen-summary h1').waitFor();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const took = Date.now() - begun;
  console.log(`drawn in ${took} ms`);
  const limit = wants.find((want) => want.startsWith('within='));
  if (limit) expect(took < Number(limit.slice(7)), `drawn in ${took} ms, ${limit} was wanted`);
  const first = await page.locator('#screen-summary').innerText();
  expect(/^(Not tested:|Every rule was tested)/.test(first.trim()), `the summary does not begin with what was not tested: ${first.slice(0, 80)}`);
  for (const scheme of ['light', 'dark']) {
    const seen = scheme === 'light' ? page : await open_page(scheme);
    if (scheme === 'dark') await seen.goto(url);
    await seen.evaluate(axe.source);
    for (const screen of ['summary', 'matrix', 'findings', 'changes', 'coverage', 'exceptions', 'limitations', 'evidence']) {
      const started = Date.now();
      await go(seen, `#/${screen}`);
      if (limit) expect(Date.now() - started < Number(limit.slice(7)), `${screen} took ${Date.now() - started} ms`);
      if (screen === 'findings' && await seen.locator('details').count() > 0) await seen.locator('details summary').first().click();
      await look_for_barriers(seen, `${screen}, ${scheme}`);
    }
  }
  await use_keys(page);
  await go(page, '#/matrix?by=workload');
  if (wants.includes('large')) {
    await page.locator('.canvas-box').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
  }
  await go(page, '#/changes');
  expect((await page.getByText('compares with no earlier run').count() === 0) === wants.includes('changes'), 'the changes are not those that were wanted');
  if (wants.includes('evidence') || wants.includes('tampered')) await check_evidence(page);
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  expect(await page.locator('section.screen').count() === 8, 'a printed report lacks screens');
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  expect(await page.locator('section.screen').count() === 1, 'the screens of the print stay');
  // Last: its refusal is an error of the console, which is wanted here.
  const lone = await (await browser.newContext()).newPage();
  await lone.goto(url);
  await try_to_leave(lone);
} catch (error) {
  faults.push(String(error.stack ?? error));
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);

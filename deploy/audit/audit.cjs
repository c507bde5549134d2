// Look at pages of the running site with Lighthouse (its mobile preset), axe and html-validate.
// Takes {"urls": [...], "chromium": "...", "modules": "..."} as JSON on the standard input, and prints one line of JSON a page.
'use strict';

const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const path = require('node:path');

const asked = JSON.parse(readFileSync(0, 'utf8'));
const need = createRequire(path.join(asked.modules, 'node_modules', 'here.js'));
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];
// Root in a container cannot sandbox; the rest keeps the browser from calling its maker.
const FLAGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

// Lighthouse takes points from every page that is not indexed. Here that is none where the page itself asks for it; what
// robots.txt or a header line forbids may be a mistake.
const INDEXED = 'is-crawlable';

function asksNotToBeIndexed(report) {
  const items = report.audits[INDEXED].details?.items ?? [];
  return items.some((item) => item.source?.snippet?.startsWith('<meta'));
}

// A category's points are the mean of its audits, by weight.
function besides(report) {
  if (!asksNotToBeIndexed(report)) return null;
  const counted = report.categories.seo.auditRefs
    .filter(({ id, weight }) => id !== INDEXED && weight && report.audits[id].score !== null);
  const whole = counted.reduce((sum, { weight }) => sum + weight, 0);
  return Math.round(counted.reduce((sum, { id, weight }) => sum + weight * report.audits[id].score, 0) / whole * 100);
}

// Lighthouse gives each audit a score from 0 to 1, null where it only tells; and a weight in its category.
const isShort = ({ score }) => score !== null && score < 1;
const lost = (report, { id, weight }) => (isShort(report.audits[id]) ? (1 - report.audits[id].score) * weight : 0);

function finding(category, cost, audit) {
  const items = (audit.details?.items ?? []).slice(0, 3);
  const where = items.map((item) => item.node?.snippet ?? item.url ?? item.description ?? '').filter(Boolean);
  return { category, cost, title: audit.title, mend: audit.description, shown: audit.displayValue ?? '', where };
}

// A metric of performance says how slow, and not how to mend it. What would shorten it stands in its place, with the points
// that are lost for it; each metric that nothing named would shorten is told itself.
function performance(report) {
  const refs = report.categories.performance.auditRefs;
  const slow = refs.filter((ref) => lost(report, ref));
  const shortens = (ref) => slow.filter(({ acronym }) => report.audits[ref.id].metricSavings?.[acronym] > 0);
  const causes = refs.filter((ref) => ref.group === 'diagnostics' && isShort(report.audits[ref.id]) && shortens(ref).length);
  const explained = new Set(causes.flatMap(shortens));
  const points = (of) => of.reduce((sum, ref) => sum + lost(report, ref), 0);
  return [
    ...causes.map((ref) => finding('performance', points(shortens(ref)), report.audits[ref.id])),
    ...slow.filter((ref) => !explained.has(ref)).map((ref) => finding('performance', points([ref]), report.audits[ref.id])),
  ];
}

function findings(report) {
  const meant = asksNotToBeIndexed(report) ? INDEXED : '';
  const others = Object.values(report.categories).filter(({ id }) => id !== 'performance');
  return [
    ...performance(report),
    ...others.flatMap(({ id, auditRefs }) => auditRefs
      .filter((ref) => ref.id !== meant && lost(report, ref))
      .map((ref) => finding(id, lost(report, ref), report.audits[ref.id]))),
  ].sort((one, other) => other.cost - one.cost);
}

function requests(report) {
  return (report.audits['network-requests']?.details?.items ?? [])
    .filter((item) => item.url.startsWith('http'))
    .map(({ url, resourceType, transferSize }) => ({ url, type: resourceType, bytes: transferSize }));
}

function blocking(report) {
  const audit = report.audits['render-blocking-resources'] ?? report.audits['render-blocking-insight'];
  return (audit?.details?.items ?? []).map((item) => item.url).filter(Boolean);
}

async function axe(browser, url) {
  const page = await browser.newPage();
  try {
    await page.setBypassCSP(true);
    await page.setViewport({ width: 412, height: 823, isMobile: true, hasTouch: true });
    await page.goto(url, { waitUntil: 'load' });
    await page.evaluate(readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate('axe.run(document, {resultTypes: ["violations"], preload: false})');
    return violations.map(({ id, impact, help, helpUrl, nodes }) => (
      { id, impact, help, helpUrl, where: nodes.slice(0, 3).map((node) => node.html) }));
  } finally {
    await page.close();
  }
}

async function markup(url) {
  const { HtmlValidate } = need('html-validate');
  const rules = JSON.parse(readFileSync(path.join(__dirname, 'html-rules.json'), 'utf8'));
  const source = await (await fetch(url, { headers: { accept: 'text/html' } })).text();
  const report = await new HtmlValidate(rules).validateString(source);
  return report.results.flatMap((result) => result.messages)
    .map(({ ruleId, message, line, column }) => ({ rule: ruleId, message, line, column }));
}

// A busy machine loses the browser's own record of the load; Lighthouse then asks to be run again.
const AGAIN = ['NO_NAVSTART', 'NO_TRACING_STARTED', 'NO_FCP', 'NO_LCP', 'PROTOCOL_TIMEOUT'];
const TRIES = 3;

// What kept Lighthouse from measuring: the whole page, or one audit without which a category has no points.
function problem(report) {
  const refs = Object.values(report.categories).flatMap(({ auditRefs }) => auditRefs).filter(({ weight }) => weight);
  const failed = refs.map(({ id }) => report.audits[id]).find((audit) => audit.scoreDisplayMode === 'error');
  return report.runtimeError?.message ?? failed?.errorMessage;
}

async function measure(browser, lighthouse, url) {
  const port = Number(new URL(browser.wsEndpoint()).port);
  for (let tries = 1; ; tries += 1) {
    const { lhr } = await lighthouse(url, { port, output: 'json', logLevel: 'silent', onlyCategories: CATEGORIES });
    const reason = problem(lhr);
    if (!reason) return lhr;
    if (!AGAIN.some((code) => reason.includes(code)) || tries === TRIES) throw new Error(reason);
  }
}

async function look(browser, lighthouse, url) {
  const lhr = await measure(browser, lighthouse, url);
  return {
    url,
    scores: Object.fromEntries(CATEGORIES.map((id) => [id, Math.round(lhr.categories[id].score * 100)])),
    findings: findings(lhr),
    axe: await axe(browser, url),
    markup: await markup(url),
    requests: requests(lhr),
    blocking: blocking(lhr),
    paint: lhr.audits['largest-contentful-paint'].numericValue,
    blocked: lhr.audits['total-blocking-time'].numericValue,
    shift: lhr.audits['cumulative-layout-shift'].numericValue,
    besides: besides(lhr),
  };
}

async function main() {
  const lighthouse = need('lighthouse/core/index.cjs');
  const browser = await need('puppeteer-core').launch({ executablePath: asked.chromium, args: FLAGS });
  try {
    for (const url of asked.urls) process.stdout.write(`${JSON.stringify(await look(browser, lighthouse, url))}\n`);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});

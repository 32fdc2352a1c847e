// Fills the test survey in Firefox over WebDriver BiDi; prints what it saw as JSON.
import puppeteer from "puppeteer-core";

const [, , executablePath, base] = process.argv;
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: true,
  extraPrefsFirefox: { "intl.accept_languages": "zh-CN" },
});
const page = await browser.newPage();
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
await page.setViewport({ width: 390, height: 844 });
await page.goto(`${base}/s/web_tests`);
await Promise.all([page.waitForNavigation(), page.click("button[value=start]")]);
await page.click("label[for=q-overall-2]");
await page.waitForSelector("#q-why");
await page.click("label[for=q-why-wait]");
await page.click(".actions button[value=next]");
await page.waitForSelector("#q-rank-kind-tap");
const title = await page.$eval("h1", (heading) => heading.textContent.trim());
await page.click("#q-rank-kind-tap");
await page.click(".actions button[value=submit]");
await page.waitForSelector("[data-ending]");
const ending = await page.$eval("[data-ending]", (text) => text.dataset.ending);
await browser.close();
process.stdout.write(JSON.stringify({ title, ending, faults }));

// Holds CloudFormation templates to cdk-nag's AwsSolutions and Serverless rules. A finding needs a reason in reasons.json, and a reason needs a finding: what
// no longer applies must go. Usage: node check.js TEMPLATE.json...
"use strict";

const { readFileSync } = require("node:fs");
const path = require("node:path");
const { App, LegacyStackSynthesizer, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");
const { AwsSolutionsChecks, ServerlessChecks } = require("cdk-nag");

// findings are [{rule, resource, says}] of one template; resource is where it stands in the app, such as shopkeeper-prod-service/train/role.
function findings(file) {
  const places = {};
  for (const [id, r] of Object.entries(JSON.parse(readFileSync(file, "utf8")).Resources)) {
    places[id] = (r.Metadata?.["aws:cdk:path"] ?? id).replace(/\/(DefaultPolicy\/)?Resource$/, "");
  }
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, path.basename(file, ".json"), { synthesizer: new LegacyStackSynthesizer() });
  new CfnInclude(stack, "template", { templateFile: file });
  const found = [];
  for (const pack of [new AwsSolutionsChecks(app), new ServerlessChecks(app)]) {
    for (const violation of pack.validateScope(app).violations) {
      for (const r of violation.violatingResources) {
        found.push({ rule: violation.ruleName, resource: places[path.basename(r.constructPath)], says: violation.description });
      }
    }
  }
  return found;
}

function main(files) {
  const reasons = JSON.parse(readFileSync(path.join(__dirname, "reasons.json"), "utf8")).map((r) => ({ ...r, matches: new RegExp(`^${r.resource}$`), used: 0 }));
  const all = files.flatMap(findings);
  const open = all.filter((f) => {
    const reason = reasons.find((r) => r.rule === f.rule && r.matches.test(f.resource));
    if (reason) reason.used++;
    return !reason;
  });
  for (const f of open) console.error(`${f.resource}: ${f.rule}: ${f.says}`);
  const idle = reasons.filter((r) => r.used === 0);
  for (const r of idle) console.error(`reasons.json: ${r.rule} on ${r.resource} is not found any more: remove it`);
  console.log(`cdk-nag: ${all.length} findings, ${all.length - open.length} explained, ${open.length} open, ${idle.length} idle reasons`);
  process.exitCode = open.length + idle.length > 0 ? 1 : 0;
}

if (process.argv.length < 3) {
  console.error("usage: node check.js TEMPLATE.json...");
  process.exitCode = 2;
} else {
  main(process.argv.slice(2));
}

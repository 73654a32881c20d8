// Reads {"file name": "calendar"} from standard input; writes, for each reader and file, [uid, start, end] of every
// event, in seconds since 1970. Run where node_modules has the readers.
const { createRequire } = require("node:module");
const { join } = require("node:path");
const from = createRequire(join(process.cwd(), "here.js"));
const ical = from("node-ical");

async function main() {
  const loaded = from("ical.js");
  const ICAL = loaded.default ?? loaded;
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  const said = { "ical.js": {}, "node-ical": {} };
  for (const [name, content] of Object.entries(JSON.parse(text))) {
    const calendar = new ICAL.Component(ICAL.parse(content));
    said["ical.js"][name] = calendar.getAllSubcomponents("vevent").map((component) => {
      const event = new ICAL.Event(component); // its times take the zones of the calendar around it
      return [event.uid, event.startDate.toUnixTime(), event.endDate.toUnixTime()];
    });
    said["node-ical"][name] = Object.values(ical.sync.parseICS(content))
      .filter((component) => component.type === "VEVENT")
      .map((event) => [event.uid, event.start.getTime() / 1000, event.end.getTime() / 1000]);
  }
  process.stdout.write(JSON.stringify(said));
}

main();

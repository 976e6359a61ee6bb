// Asks through @gradio/client as asker.py does in other ways: the same words in, the same words out.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Client } from "@gradio/client";

const { address, name, photo } = JSON.parse(process.argv[2]);
const picture = photo && new Blob([readFileSync(photo)], { type: "image/jpeg" });
const client = await Client.connect(address);
let number = 0;

async function ask() {
  const text = `${process.pid}-${number++}`;
  const { data } = await client.predict(`/${name}`, [picture ?? text]);
  if (picture ? !data[0].label : data[0] !== `Hello ${text}!`) throw new Error(`wrong answer: ${data[0]}`);
}

async function round({ askers, seconds }) {
  const [began, times, failures] = [performance.now(), [], {}];
  let asked = 0;
  async function overAndOver() {
    for (let begun; (begun = performance.now()) < began + seconds * 1000; ) {
      asked++;
      try {
        await ask();
        times.push((performance.now() - begun) / 1000);
      } catch (error) {
        const kind = String(error?.message ?? JSON.stringify(error)).slice(0, 60);
        failures[kind] = (failures[kind] ?? 0) + 1;
        await new Promise((done) => setTimeout(done, 100));
      }
    }
  }
  await Promise.all(Array.from({ length: askers }, overAndOver));
  return { times, failures, refused: 0, asked, seconds: (performance.now() - began) / 1000 };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await round(JSON.parse(line))));
}
process.exit(0);

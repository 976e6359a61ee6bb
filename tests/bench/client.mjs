// Asks one Space through @gradio/client, twice, as a page does: node client.mjs ADDRESS ENDPOINT PHOTO
import { readFileSync } from "node:fs";
import { Client } from "@gradio/client";

const [address, endpoint, path] = process.argv.slice(2);
const photo = new Blob([readFileSync(path)], { type: "image/png" });
try {
  const client = await Client.connect(address);
  for (let time = 0; time < 2; time++) {
    const { data } = await client.predict(endpoint, [photo, "Ada", 2]);
    if (data[1] !== "Hello Ada!Hello Ada!") throw new Error(`it said ${data[1]}`);
  }
  console.log("ok");
} catch (error) {
  console.log(String(error?.message ?? JSON.stringify(error)).split("\n")[0].slice(0, 120));
}
process.exit(0);

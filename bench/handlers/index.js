// Notes when it was entered, and for which items.
"use strict";
const fs = require("fs");
const notes = fs.openSync(process.env.NOTES, "a");

exports.handler = async (event) => {
  const entered = process.hrtime.bigint(); // the monotonic clock, as in the other handlers
  fs.writeSync(notes, `${entered} ${event.Records.map((record) => record.dynamodb.Keys.id.S).join(" ")}\n`);
};

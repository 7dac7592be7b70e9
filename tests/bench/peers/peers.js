// W1 in engines for Node.js, each as its users write it for speed: rules made ready once, one list of rules for each type of event.
//
//   node tests/bench/peers/peers.js ENGINE FOLDER MODULES     ENGINE: v8, json-logic-engine, json-rules-engine, zen-engine, cel-js
//
// Speaks with scripts/bench-peers in lines: "pass N" matches the first N rows and answers "done MATCHES"; "sets N FILE" writes the match sets of the
// first N rows, of each how many and then which, 32 bits each, and answers likewise. MODULES: the folder whose node_modules has the engines.
const fs = require("fs");
const path = require("path");
const readline = require("readline");

const [engine, folder, modules] = process.argv.slice(2);
const from = (name) => require(require.resolve(name, { paths: [modules] }));

const rules = fs.readFileSync(path.join(folder, "rules.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const file = fs.readFileSync(path.join(folder, "rows.bin"));
const rows = file.readUInt32LE(4), width = file.readUInt32LE(8);
const values = new Int32Array(file.buffer.slice(file.byteOffset + 12, file.byteOffset + 12 + rows * width * 4));
const about = JSON.parse(fs.readFileSync(path.join(folder, "workload.json"), "utf8"));
const sizes = about.attributes.map((a) => a.values);

const byType = Array.from({ length: 32 }, () => []);
rules.forEach(([type, parts], id) => byType[type].push({ id, parts }));

// How often a part holds, about: the most selective stands first where the engine keeps the order.
function share([a, op, v]) {
  if (a === "or") return 1;
  return op === "=" ? 1 / sizes[a] : op === "in" ? v.length / sizes[a] : op === ">=" ? 1 - v / sizes[a] : v / sizes[a];
}
const ordered = (parts) => [...parts].sort((p, q) => share(p) - share(q));

function each(part, test) {
  const [a, op, v] = part;
  if (a === "or") return { or: part.slice(1).map((p) => each(p, test)) };
  if (!["=", ">=", "<", "in"].includes(op)) throw new Error(`the peers take W1's plain variant only, not ${JSON.stringify(part)}`);
  return test(a, op, v);
}

// The row as an object, as these engines take facts.
const names = about.attributes.map((a) => a.name);
const fact = new Function("v", "o", `return {${names.map((n, i) => `${n}: v[o + ${i}]`).join(", ")}};`);

// match(row, out): how many; may be a promise.
const engines = {
  v8() {
    const words = (part) => {
      const e = each(part, (a, op, v) => (op === "in" ? `(${v.map((x) => `v[o + ${a}] === ${x}`).join(" || ")})` : `v[o + ${a}] ${op === "=" ? "===" : op} ${v}`));
      return typeof e === "string" ? e : `(${part.slice(1).map(words).join(" || ")})`;
    };
    // V8 does not optimise functions beyond some size: a function has 50 rules.
    const lists = byType.map((list) => {
      const out = [];
      for (let i = 0; i < list.length; i += 50)
        out.push(new Function("v", "o", "out", "n", list.slice(i, i + 50).map((r) => `if (${ordered(r.parts).map(words).join(" && ")}) out[n++] = ${r.id};`).join("\n") + "\nreturn n;"));
      return out;
    });
    return (row, out) => {
      const o = row * width;
      let n = 0;
      for (const f of lists[values[o]]) n = f(values, o, out, n);
      return n;
    };
  },
  "json-logic-engine"() {
    const { LogicEngine } = from("json-logic-engine");
    const logic = new LogicEngine();
    const sign = { "=": "===", ">=": ">=", "<": "<", in: "in" };
    const words = (part) => each(part, (a, op, v) => ({ [sign[op]]: [{ var: names[a] }, v] }));
    const lists = byType.map((list) => list.map((r) => ({ id: r.id, holds: logic.build({ and: ordered(r.parts).map(words) }) })));
    return (row, out) => {
      const o = row * width, data = fact(values, o);
      let n = 0;
      for (const r of lists[values[o]]) if (r.holds(data)) out[n++] = r.id;
      return n;
    };
  },
  "json-rules-engine"() {
    const { Engine } = from("json-rules-engine");
    const sign = { "=": "equal", ">=": "greaterThanInclusive", "<": "lessThan", in: "in" };
    const words = (part) => {
      const e = each(part, (a, op, v) => ({ fact: names[a], operator: sign[op], value: v }));
      return e.or ? { any: part.slice(1).map(words) } : e;
    };
    const lists = byType.map((list) => new Engine(list.map((r) => ({ conditions: { all: ordered(r.parts).map(words) }, event: { type: String(r.id) } })), { allowUndefinedFacts: false }));
    return async (row, out) => {
      const o = row * width;
      let n = 0;
      for (const e of (await lists[values[o]].run(fact(values, o))).events) out[n++] = Number(e.type);
      return n;
    };
  },
  "zen-engine"() {
    // A decision table for each type that collects all its rows; a cell an attribute, and one for what is `or`.
    const { ZenEngine } = from("@gorules/zen-engine");
    const zen = new ZenEngine();
    const sign = { "=": "==", ">=": ">=", "<": "<" };
    const cell = (op, v) => (op === "in" ? `$ in [${v.join(", ")}]` : `$ ${sign[op]} ${v}`);
    const lists = byType.map((list) => {
      const asked = [...new Set(list.flatMap((r) => r.parts.filter((p) => p[0] !== "or").map((p) => p[0])))].sort((a, b) => sizes[b] % 1024 - sizes[a] % 1024);
      const inputs = [...asked.map((a) => ({ id: `i${a}`, name: names[a], field: names[a] })), { id: "or", name: "or" }];
      const table = list.map((r) => {
        const line = { _id: `r${r.id}`, o: String(r.id) };
        for (const i of inputs) line[i.id] = "";
        for (const p of r.parts) {
          const e = each(p, (a, op, v) => cell(op, v));
          const at = typeof e === "string" ? `i${p[0]}` : "or";
          const text = typeof e === "string" ? e : p.slice(1).map(([a, op, v]) => `${names[a]} ${sign[op]} ${v}`).join(" or ");
          line[at] = line[at] ? `${line[at]} and ${text}` : text;
        }
        return line;
      });
      const node = { id: "t", type: "decisionTableNode", name: "t", content: { hitPolicy: "collect", inputs, outputs: [{ id: "o", name: "id", field: "id" }], rules: table } };
      return zen.createDecision({
        nodes: [{ id: "in", type: "inputNode", name: "in" }, node, { id: "out", type: "outputNode", name: "out" }],
        edges: [{ id: "e1", sourceId: "in", targetId: "t", type: "edge" }, { id: "e2", sourceId: "t", targetId: "out", type: "edge" }],
      });
    });
    return async (row, out) => {
      const o = row * width;
      let n = 0;
      for (const r of (await lists[values[o]].evaluate(fact(values, o))).result) out[n++] = r.id;
      return n;
    };
  },
  "cel-js"() {
    const { parse, evaluate } = from("cel-js");
    const sign = { "=": "==", ">=": ">=", "<": "<", in: "in" };
    const words = (part) => {
      const e = each(part, (a, op, v) => `${names[a]} ${sign[op]} ${JSON.stringify(v)}`);
      return typeof e === "string" ? e : `(${part.slice(1).map(words).join(" || ")})`;
    };
    const lists = byType.map((list) =>
      list.map((r) => {
        const parsed = parse(ordered(r.parts).map(words).join(" && "));
        if (!parsed.isSuccess) throw new Error(parsed.errors.join());
        return { id: r.id, cst: parsed.cst };
      }),
    );
    return (row, out) => {
      const o = row * width, data = fact(values, o);
      let n = 0;
      for (const r of lists[values[o]]) if (evaluate(r.cst, data)) out[n++] = r.id;
      return n;
    };
  },
};

async function main() {
  const match = engines[engine]();
  const out = new Uint32Array(rules.length + 1);
  console.log("ready");
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [what, count, name] = line.split(" ");
    let matches = 0;
    const sets = [];
    for (let i = 0; i < Math.min(Number(count), rows); ++i) {
      let n = match(i, out);
      if (typeof n !== "number") n = await n;
      matches += n;
      if (what === "sets") sets.push(n, ...out.slice(0, n).sort());
    }
    if (what === "sets") fs.writeFileSync(name, Buffer.from(Uint32Array.from(sets).buffer));
    console.log(`done ${matches}`);
  }
}

main();

// The vendor's own client does what it can do at the address in the environment: what it expects is what the service is.
import assert from "node:assert/strict";
import test from "node:test";
import { Redis } from "@upstash/redis";

const url = process.env.UPSTASH_REDIS_REST_URL;
const token = process.env.UPSTASH_REDIS_REST_TOKEN;
const make = (more) => new Redis({ url, token, retry: false, enableTelemetry: false, ...more });
const redis = make();
const plain = make({ automaticDeserialization: false });

const texts = {
  ascii: "some text", empty: "", ok: "OK", number: "12", long: "x".repeat(300000), unicode: "Ünïcode — 漢字 🙂",
  controls: "\u0000\u0001\t\r\n\u001f\u007f", quotes: "\"\\/'{}[]%2F?&=+ #", last: "\ufffd\uffff",
};

for (const [name, text] of Object.entries(texts)) {
  test(`a string comes back as it was: ${name}`, async () => {
    assert.equal(await plain.set(`s:${name}`, text), "OK");
    assert.equal(await plain.get(`s:${name}`), text);
    assert.equal(await plain.strlen(`s:${name}`), Buffer.byteLength(text));
  });
}

test("bytes that are no text come back whole in base64, and as U+FFFD without", async () => {
  await plain.eval("redis.call('SET', KEYS[1], '\\255\\0\\128')", ["bytes"], []);
  const ask = (headers) => fetch(`${url}/get/bytes`, { headers: { Authorization: `Bearer ${token}`, ...headers } });
  assert.deepEqual(await (await ask({ "Upstash-Encoding": "base64" })).json(), { result: "/wCA" });
  assert.deepEqual(await (await ask({})).json(), { result: "\ufffd\u0000\ufffd" });
  assert.equal(await make({ automaticDeserialization: false, responseEncoding: false }).get("s:unicode"), texts.unicode);
});

test("a value sent as the body is the last argument, and a query comes behind it", async () => {
  const post = (path, body) => fetch(url + path, { method: "POST", body, headers: { Authorization: `Bearer ${token}` } });
  assert.deepEqual(await (await post("/set/posted%2Fkey", "a/b c%20")).json(), { result: "OK" });
  assert.equal(await plain.get("posted/key"), "a/b c%20");
  assert.deepEqual(await (await post("/set/timed?EX=100", "v")).json(), { result: "OK" });
  assert.ok(await redis.ttl("timed") > 0);
  assert.deepEqual(await (await fetch(`${url}/set/foo/bar/EX/100?_token=${token}`)).json(), { result: "OK" });
});

test("what the client makes of values is its own again", async () => {
  await redis.set("json", { a: [1, null, "x"], b: true });
  assert.deepEqual(await redis.get("json"), { a: [1, null, "x"], b: true });
  await redis.set("n", 17, { ex: 1000 });
  assert.equal(await redis.get("n"), 17);
  assert.ok(await redis.ttl("n") > 900);
  assert.equal(await redis.get("nothing there"), null);
  assert.equal(await redis.ping(), "PONG");
  assert.equal(await redis.type("n"), "string");
  assert.equal(await redis.incrby("n", -18), -1);
});

test("hashes, sets, sorted sets, lists and pages", async () => {
  assert.equal(await redis.hset("h", { a: "1x", b: "ü" }), 2);
  assert.deepEqual(await redis.hgetall("h"), { a: "1x", b: "ü" });
  assert.deepEqual(await redis.hmget("h", "b", "none"), { b: "ü", none: null });
  assert.equal(await redis.hincrby("h", "n", 5), 5);
  assert.equal(await redis.hgetall("no hash"), null);
  await redis.sadd("set", "x", "y");
  assert.deepEqual((await redis.smembers("set")).sort(), ["x", "y"]);
  await redis.zadd("z", { score: 1.5, member: "m" }, { score: 2, member: "k" });
  assert.deepEqual(await redis.zrange("z", 0, -1, { withScores: true }), ["m", 1.5, "k", 2]);
  await redis.rpush("l", "one", "two");
  assert.deepEqual(await redis.lrange("l", 0, -1), ["one", "two"]);
  const [cursor, names] = await redis.scan(0, { count: 1000 });
  assert.equal(String(cursor), "0");
  assert.ok(names.includes("l"));
});

test("scripts: by source, by digest, and unknown ones", async () => {
  const source = "return {KEYS[1], ARGV[1], {1, {ARGV[2]}}, false, redis.status_reply('OK')}";
  const want = ["k", "ü", [1, ["\"q\""]], null, "OK"];
  assert.deepEqual(await plain.eval(source, ["k"], ["ü", "\"q\""]), want);
  const digest = await redis.scriptLoad(source);
  assert.match(digest, /^[0-9a-f]{40}$/);
  assert.deepEqual(await plain.evalsha(digest, ["k"], ["ü", "\"q\""]), want);
  assert.deepEqual(await redis.scriptExists(digest, "0".repeat(40)), [1, 0]);
  await assert.rejects(redis.evalsha("0".repeat(40), [], []), /NOSCRIPT/);
  await assert.rejects(redis.eval("return {err = 'SC_NOT_FOUND no such project'}", [], []), /SC_NOT_FOUND no such project/);
});

test("a pipeline answers each of its commands, its failures too", async () => {
  const p = redis.pipeline();
  p.set("p1", "v").lpush("p1", "x").get("p1").hgetall("none");
  const got = await p.exec({ keepErrors: true });
  assert.deepEqual(got.map((g) => g.result ?? null), ["OK", null, "v", null]);
  assert.match(got[1].error, /^WRONGTYPE/);
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => redis.set(`many:${i}`, i)));
  assert.deepEqual(many, Array(50).fill("OK"));
});

test("what fails is an error of the client's", async () => {
  await assert.rejects(redis.lpush("n", "x"), (e) => e.name === "UpstashError" && /WRONGTYPE/.test(e.message));
  await assert.rejects(make({ token: "wrong" }).get("n"), (e) => e.name === "UpstashError" && /WRONGPASS/.test(e.message));
  await assert.rejects(redis.exec(["NOSUCHCOMMAND", "x"]), (e) => e.name === "UpstashError" && /ERR/.test(e.message));
  await assert.rejects(redis.set("big", "x".repeat(200001 * 2)), /max request size exceeded/);
  const put = await fetch(url, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  assert.equal(put.status, 405);
});

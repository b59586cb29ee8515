"""The same job the usual way: check the key and the JSON, store the report once, put it on the queue.

PUT_BY says how: `pipeline`, as one would write it (HSETNX to deduplicate, then HSET, SADD, LPUSH in one transaction), or
`script`, as fast as it gets (all four in one script, one round trip). With Redis' `appendfsync everysec` an answer does not
yet mean that the report is on disk; with `always` it does, as ours.
"""
import json
import os
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any

import redis.asyncio as redis
from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

PUT = """
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return redis.call('HGET', KEYS[1], ARGV[1]) end
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
redis.call('SADD', KEYS[3], ARGV[2])
redis.call('LPUSH', KEYS[4], ARGV[2])
return false
"""
API_KEY = os.environ["API_KEY"]
PUT_BY = os.environ.get("PUT_BY", "pipeline")
PROJECT = "default"


class Report(BaseModel):
    external_id: str | None = Field(None, max_length=500)
    title: str | None = Field(None, max_length=1000)
    body: str | None = Field(None, max_length=262144)
    url: str | None = Field(None, max_length=2000)
    metadata: dict[str, Any] = {}


@asynccontextmanager
async def lifespan(app):
    app.state.redis = redis.Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]), decode_responses=True)
    app.state.put = app.state.redis.register_script(PUT)
    yield
    await app.state.redis.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health():
    await app.state.redis.ping()
    return {"status": "ok"}


@app.post("/api/ingest/manual")
async def ingest(report: Report, x_api_key: str = Header()):
    if x_api_key != API_KEY:
        raise HTTPException(401)
    if not report.title and not report.body:
        raise HTTPException(422, "title or body is needed")
    new, now = str(uuid.uuid4()), datetime.now(timezone.utc).isoformat()
    external = report.external_id or new
    fields = {"id": new, "source": "manual", "external_id": external, "title": report.title or report.body[:80],
              "body": report.body or "", "url": report.url or "", "metadata": json.dumps(report.metadata),
              "created_at": now, "received_at": now}
    first = await (put_by_script if PUT_BY == "script" else put_by_pipeline)(external, new, fields)
    return {"status": "duplicate" if first else "ok", "id": first or new, "project_id": PROJECT}


async def put_by_pipeline(external, new, fields):
    r, seen = app.state.redis, f"ext:{PROJECT}:manual"
    if not await r.hsetnx(seen, external, new):
        return await r.hget(seen, external)
    async with r.pipeline(transaction=True) as p:
        p.hset(f"feedback:{new}", mapping=fields)
        p.sadd(f"all:{PROJECT}", new)
        p.lpush(f"queue:{PROJECT}", new)
        await p.execute()
    return None


async def put_by_script(external, new, fields):
    flat = [x for pair in fields.items() for x in pair]
    return await app.state.put(keys=[f"ext:{PROJECT}:manual", f"feedback:{new}", f"all:{PROJECT}", f"queue:{PROJECT}"],
                               args=[external, new, *flat])

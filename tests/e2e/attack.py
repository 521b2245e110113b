"""A web page that attacks the stack as any page in a browser on the same machine could."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_PAGE = """<!doctype html><title>attack</title>
<form id="form" method="post" enctype="text/plain" target="frame"></form><iframe name="frame"></iframe>
<script>
async function attacked(url, method, body, type) {
  const tried = [];
  for (const mode of ["cors", "no-cors"]) {
    try {
      const headers = type ? {"Content-Type": type} : {};
      const answer = await fetch(url, {method, body, mode, headers, credentials: "include"});
      tried.push(mode === "cors" ? `read ${answer.status}` : "sent");
    } catch (error) { tried.push("refused by the browser") }
  }
  return tried;
}
async function posted(url) {
  const form = document.getElementById("form");
  form.action = url;
  form.submit();
  await new Promise(done => setTimeout(done, 1000));
}
async function listened(url) {
  return await new Promise(done => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send("{}");
    socket.onmessage = message => done("heard " + message.data);
    socket.onclose = socket.onerror = () => done("closed");
    setTimeout(() => done("silence"), 3000);
  });
}
</script>"""


@contextmanager
def attacking_page() -> Iterator[str]:
    """Serve the page; yield its address, which has another port than every service."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(_PAGE.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def shell_deployment(flow_id: str) -> str:
    """JSON that creates a Prefect deployment with a step that runs a shell command."""
    step = {"prefect.deployments.steps.run_shell_script": {"script": "touch /tmp/attacked"}}
    return json.dumps({"name": "attack", "flow_id": flow_id, "pull_steps": [step]})

import ReconnectingWebSocket from "partysocket/ws";
import type { ServerMessage } from "../api/contract";
import { parse } from "../api/printable";

/** API Gateway closes a connection that is idle for ten minutes. */
const PING_EVERY_MS = 5 * 60_000;
/** A connection that does not answer a ping within this time is treated as lost, even when the browser reports it open. */
const PONG_WITHIN_MS = 10_000;

interface Handlers {
  onOpen(): void;
  onLost(): void;
  onMessage(message: ServerMessage): void;
}

/** The WebSocket that brings the changes of every job. It reconnects without limit and subscribes after each connect. */
export class LiveConnection {
  private readonly socket: ReconnectingWebSocket;
  private readonly pingTimer: ReturnType<typeof setInterval>;
  private pongTimeout?: ReturnType<typeof setTimeout>;

  constructor(
    url: string,
    private readonly handlers: Handlers,
  ) {
    this.socket = new ReconnectingWebSocket(url, undefined, {
      minReconnectionDelay: 1000 + Math.random() * 500,
      maxReconnectionDelay: 15_000,
      reconnectionDelayGrowFactor: 1.6,
      connectionTimeout: 15_000,
      // Messages are not queued for the next connection: it begins with its own subscriptions.
      maxEnqueuedMessages: 0,
    });
    this.socket.addEventListener("open", this.onOpen);
    this.socket.addEventListener("close", this.onClose);
    this.socket.addEventListener("message", this.onMessage);
    this.pingTimer = setInterval(this.check, PING_EVERY_MS);
  }

  get open(): boolean {
    return this.socket.readyState === ReconnectingWebSocket.OPEN;
  }

  /** Sends a ping and reconnects when no answer comes, for example after the computer slept or changed its network. */
  check = (): void => {
    if (!this.open) return;
    this.send({ action: "ping" });
    clearTimeout(this.pongTimeout);
    this.pongTimeout = setTimeout(this.reconnect, PONG_WITHIN_MS);
  };

  reconnect = (): void => this.socket.reconnect();

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  close(): void {
    clearInterval(this.pingTimer);
    clearTimeout(this.pongTimeout);
    this.socket.removeEventListener("close", this.onClose);
    this.socket.close();
  }

  private onOpen = (): void => {
    this.send({ action: "subscribe", job: "*" });
    this.handlers.onOpen();
  };

  private onClose = (): void => {
    clearTimeout(this.pongTimeout);
    this.handlers.onLost();
  };

  private onMessage = (event: MessageEvent): void => {
    clearTimeout(this.pongTimeout);
    for (const message of parse<ServerMessage[]>(String(event.data))) this.handlers.onMessage(message);
  };
}

import ReconnectingWebSocket from "partysocket/ws";
import type { SocketMessage } from "../api/types";

/** An idle connection is cut after ten minutes. */
const PING_EVERY = 5 * 60_000;
/** A connection that stays silent for so long after a ping is dead, whatever the browser believes. */
const PONG_WITHIN = 10_000;

interface Listener {
  onOpen(): void;
  onLost(): void;
  onMessage(message: SocketMessage): void;
}

/** The live feed of every job: reconnects for ever, subscribes each time, and proves now and then that it is alive. */
export class Feed {
  private readonly socket: ReconnectingWebSocket;
  private readonly pinging: ReturnType<typeof setInterval>;
  private overdue?: ReturnType<typeof setTimeout>;

  constructor(
    address: string,
    private readonly listener: Listener,
  ) {
    this.socket = new ReconnectingWebSocket(address, undefined, {
      minReconnectionDelay: 1000 + Math.random() * 500,
      maxReconnectionDelay: 15_000,
      reconnectionDelayGrowFactor: 1.6,
      connectionTimeout: 15_000,
      // What was said to a lost connection means nothing to the next one.
      maxEnqueuedMessages: 0,
    });
    this.socket.addEventListener("open", this.opened);
    this.socket.addEventListener("close", this.lost);
    this.socket.addEventListener("message", this.received);
    this.pinging = setInterval(this.check, PING_EVERY);
  }

  get open(): boolean {
    return this.socket.readyState === ReconnectingWebSocket.OPEN;
  }

  /** After a sleep or a change of network: find out now, not when the next message fails to come. */
  check = (): void => {
    if (!this.open) return;
    this.say({ action: "ping" });
    clearTimeout(this.overdue);
    this.overdue = setTimeout(this.reconnect, PONG_WITHIN);
  };

  reconnect = (): void => this.socket.reconnect();

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  close(): void {
    clearInterval(this.pinging);
    clearTimeout(this.overdue);
    this.socket.removeEventListener("close", this.lost);
    this.socket.close();
  }

  private opened = (): void => {
    this.say({ action: "subscribe", job: "*" });
    this.listener.onOpen();
  };

  private lost = (): void => {
    clearTimeout(this.overdue);
    this.listener.onLost();
  };

  private received = (event: MessageEvent): void => {
    clearTimeout(this.overdue);
    this.listener.onMessage(JSON.parse(String(event.data)) as SocketMessage);
  };
}

// What a payload says, in one line: enough to know whether to open it.

const MOST = 200;

const short = (text) => (text.length > MOST ? `${text.slice(0, MOST)}…` : text);

function value(any) {
  if (Array.isArray(any)) return `[${any.length}]`;
  if (any !== null && typeof any === "object") return "{…}";
  return String(any);
}

/** A body of the provider's: who wrote what, or what became of a message. */
function delivery({ entry }) {
  const values = entry.flatMap(({ changes = [] }) => changes.map((change) => change.value ?? {}));
  const messages = values.flatMap(({ messages = [] }) => messages).map((message) => {
    const content = message[message.type] ?? {};
    const text = content.body ?? content.caption ?? content.text ?? content[content.type]?.title;
    return `${message.from} ${text === undefined ? `[${message.type}]` : text}`;
  });
  const receipts = values.flatMap(({ statuses = [] }) => statuses).map(({ status, recipient_id }) => `${recipient_id} ${status}`);
  return [...messages, ...receipts].join(" · ");
}

/** The line; empty where there is no payload. */
export function gist(payload) {
  if (payload === undefined) return "";
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) return short(JSON.stringify(payload));
  if (typeof payload.last_message === "string") {
    return short(`${payload.customer_name ?? payload.customer ?? payload.chat_id}: ${payload.last_message}`);
  }
  if (payload.object !== undefined && Array.isArray(payload.entry)) {
    try {
      return short(delivery(payload));
    } catch {
      // Not of the provider's shape after all.
    }
  }
  if (typeof payload.message === "string") return short(payload.message);
  return short(Object.entries(payload).map(([key, any]) => `${key}: ${value(any)}`).join(", "));
}

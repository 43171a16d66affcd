/** The limits of a server of completions. Times in milliseconds, sizes in bytes. */
export interface ServeLimits {
  /** Of a request. */
  readonly body: number;
  /** Requests that wait for the model; one more is refused. */
  readonly queue: number;
  /** Tokens of an answer; a request that asks for more gets these. */
  readonly maxTokens: number;
  readonly messages: number;
  /** Stop texts of a request, and characters of each. */
  readonly stops: number;
  readonly stopCharacters: number;
  readonly connections: number;
  /** The most time for all headers of a request, and for a whole request. */
  readonly headers: number;
  readonly request: number;
}

export const defaultServeLimits: ServeLimits = {
  body: 2 ** 20,
  queue: 16,
  maxTokens: 2048,
  messages: 1024,
  stops: 16,
  stopCharacters: 256,
  connections: 64,
  headers: 10_000,
  request: 60_000,
};

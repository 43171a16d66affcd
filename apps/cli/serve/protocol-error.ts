import { TapestryError } from '../../../client/errors.ts';

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500;

/** A refusal in the shape of the chat-completions protocol. `code` is stable. */
export class ProtocolError extends Error {
  readonly status: ErrorStatus;
  readonly code: string;
  /** The request's field that is wrong, if one is. */
  readonly field: string | null;

  constructor(status: ErrorStatus, code: string, message: string, field: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** Refuses a request for what its field holds. */
export function invalid(field: string | null, message: string, code = 'invalid_value'): ProtocolError {
  return new ProtocolError(400, code, message, field);
}

/** The error as the protocol writes it. An error of the model or a bug gives no detail away but its code. */
export function protocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (!(error instanceof TapestryError)) return new ProtocolError(500, 'bug', 'The server failed to answer.');
  if (error.code === 'chat.too-long')
    return invalid('messages', `${error.message} ${error.next}`, 'context_length_exceeded');
  if (error.code === 'protected.prompt') return invalid('messages', error.message, 'content_filter');
  const status = error.code.startsWith('chat.') ? 400 : 500;
  return new ProtocolError(status, error.code, `${error.message} ${error.next}`);
}

/** The body of an error's answer. */
export function errorBody({ status, code, message, field }: ProtocolError) {
  const type =
    status === 401 ? 'authentication_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type: status === 429 ? 'rate_limit_error' : type, param: field, code } };
}

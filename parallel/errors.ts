import { BadPoseError } from '../combine/bad-pose.ts';
import { DeviceLostError } from '../engine/executor.ts';

/** An error as it is sent: its class would not survive. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an error that was no `Error`, and of a cause that was none, the text. */
  readonly cause: SentError | string | undefined;
  /** Of a bad pose. */
  readonly index: number | undefined;
  readonly reason: string | undefined;
}

/** Causes of causes that are sent; an error may be its own. */
const mostCauses = 8;

export function toSent(error: unknown, causes: number = mostCauses): SentError {
  if (!(error instanceof Error)) return toSent(new Error(textOf(error)));
  const { name, message, stack, cause } = error;
  const { index, reason } = error instanceof BadPoseError ? error : noPose;
  const sent = { name: textOf(name), message: textOf(message), stack: stack && textOf(stack), index, reason };
  if (cause === undefined || causes === 0) return { ...sent, cause: undefined };
  return { ...sent, cause: cause instanceof Error ? toSent(cause, causes - 1) : textOf(cause) };
}

function textOf(thing: unknown): string {
  try {
    return String(thing);
  } catch {
    return 'something that has no text';
  }
}

const noPose = { index: undefined, reason: undefined };

const classes: Readonly<Record<string, new (message: string) => Error>> = {
  RangeError,
  TypeError,
  SyntaxError,
  ReferenceError,
};

/** The error that was sent, with the stack that it had there. */
export function fromSent({ name, message, stack, cause, index, reason }: SentError): Error {
  const error =
    index !== undefined && reason !== undefined
      ? new BadPoseError({ index, reason })
      : new (classes[name] ?? Error)(message);
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  if (cause !== undefined) error.cause = typeof cause === 'string' ? cause : fromSent(cause);
  return error;
}

/** True for the error of a worker that had better be replaced: its device is gone. */
export function isOfLostDevice({ name }: SentError): boolean {
  return name === DeviceLostError.name;
}

import { BadPoseError } from '../combine/bad-pose.ts';
import { DeviceLostError } from '../engine/executor.ts';

/** An error as plain data, since its class would be lost between threads. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The cause; as text if it is not an `Error`. */
  readonly cause: SentError | string | undefined;
  /** Index of the bad pose, if the error is a BadPoseError. */
  readonly index: number | undefined;
  /** Reason of a BadPoseError. */
  readonly reason: string | undefined;
}

/** Largest number of nested causes that are sent. The limit matters because an error may be its own cause. */
const mostCauses = 8;

/** Converts an error, or any other value thrown, to plain data. */
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
    return 'a value without text';
  }
}

const noPose = { index: undefined, reason: undefined };

const classes: Readonly<Record<string, new (message: string) => Error>> = {
  RangeError,
  TypeError,
  SyntaxError,
  ReferenceError,
};

/** Rebuilds an error with the stack of the thread where it was thrown. */
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

/** True if the device of the worker was lost, so that the worker must be replaced. */
export function isOfLostDevice({ name }: SentError): boolean {
  return name === DeviceLostError.name;
}

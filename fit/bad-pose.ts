import { BadPoseError } from '../combine/index.ts';

/** True if a pose was bad, however often the error was wrapped since. */
export function isOfBadPose(error: unknown): boolean {
  return error instanceof BadPoseError || (error instanceof Error && isOfBadPose(error.cause));
}

import { BadPoseError } from '../combine/index.ts';

/** True if the error, or the cause of a wrapped one at any depth, is a `BadPoseError`. */
export function isOfBadPose(error: unknown): boolean {
  return error instanceof BadPoseError || (error instanceof Error && isOfBadPose(error.cause));
}

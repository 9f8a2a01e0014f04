import { BadPoseError } from '../combine/index.ts';

/** True if the error, or any error in its chain of causes, is a `BadPoseError`. */
export function isOfBadPose(error: unknown): boolean {
  return error instanceof BadPoseError || (error instanceof Error && isOfBadPose(error.cause));
}

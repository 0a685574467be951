import { MatrixError } from '../../errors.ts'

/** Directories of other servers are not looked up yet: that is said, not answered with our own rooms. */
export function refuseRemote(server: string | undefined, serverName: string): void {
  if (server !== undefined && server !== serverName) {
    throw new MatrixError('M_UNRECOGNIZED', 'This server does not ask other servers for their rooms')
  }
}

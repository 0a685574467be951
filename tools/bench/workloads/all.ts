import { fanOut } from './fan-out.ts'
import { fork, receivePdus, remoteJoin, sendEventsOut } from './federation.ts'
import { incrementalSync } from './incremental-sync.ts'
import { initialSync, slidingSync } from './initial-sync.ts'
import { messages } from './messages.ts'
import { createRoom, joinRoom } from './rooms.ts'
import { sendInManyRooms, sendInOneRoom } from './send.ts'
import type { Workload } from './workload.ts'

/** Every workload, in the order in which they run and are reported. */
export const allWorkloads: readonly Workload[] = [
  sendInOneRoom,
  sendInManyRooms,
  fanOut,
  initialSync,
  incrementalSync,
  slidingSync,
  messages,
  createRoom,
  joinRoom,
  receivePdus,
  fork,
  sendEventsOut,
  remoteJoin,
]

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

/** How finely the event loop's delay is sampled (ms). */
const loopSampleMs = 20

/** The process's own numbers: memory, CPU, and how long the event loop is held. */
export function addProcessMetrics(metrics: Metrics): void {
  metrics.gauge('process_resident_memory_bytes', 'Memory that the process holds.', () => process.memoryUsage.rss())
  metrics.gauge('nodejs_heap_size_used_bytes', 'JavaScript objects in use.', () => process.memoryUsage().heapUsed)
  metrics.gauge('process_cpu_seconds_total', 'CPU time used since the start.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  metrics.gauge('process_uptime_seconds', 'Time since the start.', () => process.uptime())

  const delay = monitorEventLoopDelay({ resolution: loopSampleMs })
  delay.enable()
  metrics.gauge('nodejs_eventloop_lag_p99_seconds', 'Delay of the event loop since the last reading.', () => {
    const seconds = delay.percentile(99) / 1e9
    delay.reset()
    return seconds
  })
  let last = performance.eventLoopUtilization()
  metrics.gauge('nodejs_eventloop_utilization', 'Share of time the event loop was busy since the last reading, 0 to 1.', () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  })
}

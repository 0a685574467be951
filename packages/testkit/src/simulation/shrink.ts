import type { Plan } from './plan.ts'
import { runPlan, type Outcome } from './run-plan.ts'

/**
 * A plan with fewer steps that breaks the same promise: parts of it are left out, halves first, then ever smaller ones, as long as
 * there are runs left.
 */
export async function shrink(plan: Plan, promise: string, runsMax: number): Promise<{ readonly plan: Plan; readonly outcome: Outcome }> {
  let best = plan
  let left = runsMax
  for (let size = Math.ceil(plan.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = best.steps.length - size; at > -size; at -= size) {
      if (left === 0) break
      left -= 1
      const steps = best.steps.toSpliced(Math.max(0, at), Math.min(size, size + at))
      const { findings } = await runPlan({ ...plan, steps })
      if (findings.some((finding) => finding.promise === promise)) best = { ...best, steps }
    }
  }
  return { plan: best, outcome: await runPlan(best, { keep: true }) }
}

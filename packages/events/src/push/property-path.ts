/**
 * The names that a dot-separated property path goes through: `content.m\.relates_to` is `content`, then `m.relates_to`. A backslash
 * before anything but a dot or a backslash stands for itself.
 * https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths
 */
export function parsePropertyPath(path: string): readonly string[] {
  const names = ['']
  const add = (text: string): void => void names.push((names.pop() ?? '') + text)
  for (let at = 0; at < path.length; at++) {
    const unit = path.charAt(at)
    const next = path.charAt(at + 1)
    if (unit === '\\' && (next === '.' || next === '\\')) {
      add(next)
      at++
    } else if (unit === '.') names.push('')
    else add(unit)
  }
  return names
}

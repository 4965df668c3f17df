import type { Dir } from '../../io/dir.ts';
import type { Tree } from '../../io/tree.ts';
import { type Bound, isExcluded, match } from '../accounts.ts';
import { variablesOf } from '../location.ts';
import { passedOver, type Rejected } from '../rejected.ts';

/** Users for whom a place exists, and what could not be looked at. Latin1. */
interface TemplateUsers {
  readonly names: readonly string[];
  readonly rejected: readonly Rejected[];
}

/**
 * The users whom a path with `%u`, `%n`, `%d` tells, by what exists in a tree; without links on the way, but root's own.
 * None, where the path does not tell the whole user.
 */
export function usersOfTemplate(tree: Tree, template: string): TemplateUsers {
  const used = variablesOf(template);
  const rejected: Rejected[] = [];
  const names = new Set<string>();
  if (!used.has('u') && !used.has('n')) return { names: [], rejected };
  const parts = template.split('/').filter((part) => part !== '');
  const first = parts.findIndex((part) => variablesOf(part).size > 0);
  visit(`/${parts.slice(0, first).map(literal).join('/')}`, parts.slice(first), new Map());
  return { names: [...names].sort(), rejected };

  function visit(path: string, rest: readonly string[], bound: Bound): void {
    const [part, ...more] = rest;
    let dir: Dir | undefined;
    try {
      if (part === undefined) {
        if (tree.look(path) !== undefined) names.add(nameOf(bound, used.has('d')));
        return;
      }
      if (variablesOf(part).size === 0) {
        visit(below(path, literal(part)), more, bound);
        return;
      }
      dir = tree.openDir(path);
      for (const name of dir?.entries() ?? []) {
        const next = isExcluded(name) ? undefined : match(part, name, bound);
        if (next !== undefined) visit(below(path, name), more, next);
      }
    } catch (error) {
      rejected.push(passedOver(error, tree.onHost(path)));
    } finally {
      dir?.close();
    }
  }
}

function nameOf(bound: Bound, withDomain: boolean): string {
  const local = bound.get('n') ?? '';
  return bound.get('u') ?? (withDomain ? `${local}@${bound.get('d')}` : local);
}

function below(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

function literal(part: string): string {
  return part.replaceAll('%%', '%');
}

/** What CNI plugins have to undo and to do, so that the pods of a node are connected as they shall be. */
import { type Attachment, withoutPod } from '../compile/attachment.ts';
import type { Namespace } from '../compile/kernel-state.ts';
import type { Operation } from './operation.ts';
import * as steps from './steps.ts';

export interface AttachmentChanges {
  /** Before anything else changes in the node. */
  readonly detach: readonly Operation[];
  /** After everything else has. */
  readonly attach: readonly Operation[];
}

/**
 * A table of rules or a built-in chain that is loaded anew is emptied first, of what plugins have written into it as well: they take
 * it back before, and write it again afterwards.
 */
export function changeAttachments(from: Namespace, to: Namespace, rules: readonly Operation[]): AttachmentChanges {
  const wanted = new Set(to.attachments.map(attachmentIdentity));
  const isEmptied = rules.some(emptiesChains);
  const isKept = (attachment: Attachment) => !isEmptied && wanted.has(attachmentIdentity(attachment));
  const kept = from.attachments.filter(isKept);
  const there = new Set(kept.map(attachmentIdentity));
  const detach = steps.deleteFromNetworks({
    ...from,
    attachments: from.attachments.filter((attachment) => !isKept(attachment)),
  });
  return {
    detach: [...detach, ...(detach.length > 0 ? collectGarbage(from, kept) : [])],
    attach: steps.addToNetworks({
      ...to,
      attachments: to.attachments.filter((attachment) => !there.has(attachmentIdentity(attachment))),
    }),
  };
}

function emptiesChains(operation: Operation): boolean {
  if (operation.kind !== 'load-rules') return false;
  const { program, text, onTop } = operation;
  return (program === 'iptables' || program === 'ip6tables') && (!onTop || /^-F /m.test(text));
}

/** Wherever it stands in the files. */
function attachmentIdentity({ calls, origin: _origin, ...rest }: Attachment): string {
  return JSON.stringify({ ...rest, calls: calls.map(({ origin: _, ...call }) => call) });
}

/** All pods of a node are on one network. */
function collectGarbage(
  { name: namespace, attachments, origin }: Namespace,
  valid: readonly Attachment[],
): Operation[] {
  const [first] = attachments;
  if (!first?.network.collectsGarbage) return [];
  const { network, calls } = first;
  return [
    {
      kind: 'collect-garbage',
      namespace,
      network,
      calls: calls.map(withoutPod),
      valid: valid.map(({ container, device }) => ({ container, device })),
      origin,
    },
  ];
}

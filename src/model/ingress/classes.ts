/** Whose an Ingress is: the answer of one controller, by its flags and by the IngressClasses there are. */
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import { ofKind } from '../defaults.ts';
import type { ControllerFlags } from './controller.ts';

/** True, or why not and what to do. */
export type Served = true | { readonly reason: string; readonly help: string };

/** Before there was a field for it; it counts where the field is left out. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const DEFAULT_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';

interface Classes {
  serves(ingress: ManifestOf<'Ingress'>, flags: ControllerFlags): Served;
}

/**
 * The API server fills in the class that is marked as default (kubernetes plugin/pkg/admission/network/defaultingressclass); the
 * controller takes the Ingresses of the classes that name it, of its annotation, and, told to, those without either.
 */
export function classesOf(manifests: readonly Manifest[]): Classes {
  const classes = ofKind(manifests, 'IngressClass').map(({ object }) => object);
  const names = classes.map(({ metadata }) => metadata.name).join(', ') || 'none';
  const fallback = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_ANNOTATION] === 'true')?.metadata.name;
  return {
    serves({ object }, { controllerClass, ingressClass, watchWithoutClass }) {
      const annotation = object.metadata.annotations?.[CLASS_ANNOTATION];
      const name = object.spec.ingressClassName ?? (annotation === undefined ? fallback : undefined);
      if (name !== undefined) {
        const found = classes.find(({ metadata }) => metadata.name === name);
        if (!found) return { reason: `there is no IngressClass ${name}`, help: `IngressClasses here: ${names}` };
        const { controller } = found.spec;
        if (controller === controllerClass) return true;
        const reason = `its class ${name} is for ${controller}`;
        return { reason, help: `the controller here is ${controllerClass}` };
      }
      if (annotation !== undefined)
        return (
          annotation === ingressClass || {
            reason: `its annotation ${CLASS_ANNOTATION} is ${annotation}`,
            help: `the controller here serves ${ingressClass}`,
          }
        );
      return (
        watchWithoutClass || {
          reason: 'it has no class',
          help: `set spec.ingressClassName (IngressClasses here: ${names}), or mark one with the annotation ${DEFAULT_ANNOTATION}`,
        }
      );
    },
  };
}

/** The faults. Each edit returns the namespaces it changed, none where it has nothing to break. */
import type { FaultName } from '../model/cluster.ts';
import type { FaultDefinition } from './definition.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { SERVICE_FAULTS } from './service-faults.ts';

export const FAULTS: Record<FaultName, FaultDefinition> = { ...SERVICE_FAULTS, ...NETWORK_FAULTS };

/** What one namespace's capture holds. */

export interface Capture {
  readonly namespace: string;
  /** A pcap file of link type LINUX_SLL2, nanosecond timestamps. */
  readonly pcap: Buffer;
  /** Numbers of the links, as they stand in the frames, and their names. */
  readonly links: ReadonlyMap<number, string>;
  /** Packets the kernel had to leave out. */
  readonly dropped: number;
  /** Undefined when the capture saw everything up to the last fence; else why nothing can be concluded from its silence. */
  readonly blind?: string;
}

/** Marks the datagrams by which a capture shows that it is alive; they are left out of what is decoded. */
export const FENCE = 'packetwalk-fence/';

/** pcap-parser ships no types; this is what is used of it. */
declare module 'pcap-parser' {
  interface PacketHeader {
    readonly timestampSeconds: number;
    /** The record's fraction field, whatever its unit. */
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  }
  interface Parser {
    on(event: 'packetHeader', listener: (header: PacketHeader) => void): this;
    on(event: 'packet', listener: (packet: { readonly header: PacketHeader; readonly data: Buffer }) => void): this;
  }
  const pcapParser: { parse(source: NodeJS.ReadableStream): Parser };
  export default pcapParser;
}

/** The package's version, put in by the build. */
declare const PACKETWALK_VERSION: string | undefined;

export const VERSION: string = typeof PACKETWALK_VERSION === 'string' ? PACKETWALK_VERSION : 'development';

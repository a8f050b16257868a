/** What this channel uses of the package pg, which comes without types. */
declare module 'pg' {
  export interface ClientConfig {
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string | undefined;
    readonly password: string | undefined;
    readonly ssl: false | import('node:tls').ConnectionOptions;
    readonly application_name: string;
    readonly connectionTimeoutMillis: number;
    readonly keepAlive: boolean;
    readonly options: string | undefined;
  }

  export class Client {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query<R>(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly R[] }>;
    end(): Promise<void>;
    readonly connection: { readonly stream: import('node:net').Socket };
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: 'end', listener: () => void): this;
  }
}

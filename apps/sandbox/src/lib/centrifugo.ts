/** Where `compose.yaml` and `npm run servers -- centrifugo` put it. */
export const localCentrifugo = 'http://localhost:8000/api'

/** The server API that this server publishes to when it uses a Centrifugo. */
export function centrifugoApiUrl(): string {
  return process.env['CENTRIFUGO_API_URL'] || localCentrifugo
}

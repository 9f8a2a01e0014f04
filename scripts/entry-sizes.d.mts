export function entrySizes(): Promise<{ posetape: number; wasm: number; fit: number }>;

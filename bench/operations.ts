export async function benchOperations() {
  return {};
}

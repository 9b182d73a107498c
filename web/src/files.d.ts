// What esbuild takes in besides scripts.
declare module "*.md" {
    const text: string;
    export default text;
}

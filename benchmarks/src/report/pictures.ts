export { headlinePicture } from './bars.ts'
export { growthPicture } from './growth.ts'

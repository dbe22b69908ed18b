# The service for teams that are not on Netlify: docs/deploy/container.md. `npm run test:deploy` carries out these steps.
# The tag names one version. To pin the bytes as well, add the digest that `docker buildx imagetools inspect` prints.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-progress
COPY . .
RUN npm run build:container -- --out /out

# What runs has no packages, no npm project and no source: one program, and the functions that it runs.
FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production PORT=8080
WORKDIR /app
COPY --from=build /out ./
# The files belong to root, so the service cannot change itself. It writes nothing: the root file system may be read-only.
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["node", "server.mjs", "health"]
CMD ["node", "--max-semi-space-size=4", "server.mjs"]

"""What a researcher would write in JAX: float32, whole turns compiled. Each function returns one turn of its work."""

import jax
import jax.numpy as jnp
import numpy as np


def start(widths, rng):
    pairs = zip(widths, widths[1:])
    return [(jnp.asarray(rng.normal(size=(i, o)) * (2 / i) ** 0.5, jnp.float32), jnp.zeros(o)) for i, o in pairs]


def loss(layers, x, y):
    for w, b in layers[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = layers[-1]
    return -jnp.take_along_axis(jax.nn.log_softmax(x @ w + b), y[:, None], 1).mean()


def mlp(hidden, batch, steps, x, y):
    x, y, rng = jnp.asarray(x), jnp.asarray(y), np.random.default_rng(0)
    state = [start([784, *hidden, 10], rng)]

    @jax.jit
    def whole(layers, order):
        def step(layers, rows):
            gradient = jax.grad(loss)(layers, x[rows], y[rows])
            return jax.tree.map(lambda p, g: p - 0.1 * g, layers, gradient), None

        return jax.lax.scan(step, layers, order)[0]

    def turn():
        # The last, short batch of an epoch is left out: a scan needs equal shapes.
        n = min(steps, len(y) // batch)
        order = jnp.asarray(rng.permutation(len(y))[: n * batch].reshape(n, batch))
        state[0] = jax.block_until_ready(whole(state[0], order))

    return turn


def products(hidden, x, y):
    """A gradient, and a Hessian–vector product forward over reverse, over all of x."""
    x, y, rng = jnp.asarray(x), jnp.asarray(y), np.random.default_rng(0)
    layers = start([784, *hidden, 10], rng)
    direction = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape), jnp.float32), layers)
    gradient = jax.jit(jax.grad(loss))
    hvp = jax.jit(lambda p, v: jax.jvp(lambda p: jax.grad(loss)(p, x, y), (p,), (v,))[1])
    return lambda: jax.block_until_ready(gradient(layers, x, y)), lambda: jax.block_until_ready(hvp(layers, direction))


def multiply(m, k, n):
    a, b, product = jnp.ones((m, k)), jnp.ones((k, n)), jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready(product(a, b))
